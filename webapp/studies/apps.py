from django.apps import AppConfig


class StudiesConfig(AppConfig):
    name = "webapp.studies"
    label = "studies"

    def ready(self) -> None:
        from webapp.core.waiting import register_counter, register_provider
        from webapp.studies.waiting import counts, studies_to_approve

        register_provider(studies_to_approve)
        register_counter(counts)
