"""Case and rule set for other systems: CDS Hooks cards, and FHIR resources."""

from ovf_imaging.report.exchange.write import write_advice

__all__ = ["write_advice"]
