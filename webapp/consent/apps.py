from django.apps import AppConfig


class ConsentConfig(AppConfig):
    name = "webapp.consent"
    label = "consent"

    def ready(self) -> None:
        from webapp.consent.erasing import finish_open_erasures
        from webapp.consent.retention import sweep_retention
        from webapp.consent.waiting import counts, open_erasures, people_to_ask
        from webapp.core.waiting import register_counter, register_provider
        from webapp.jobs.registry import register_sweep

        register_sweep(finish_open_erasures)
        register_sweep(sweep_retention)
        register_provider(open_erasures)
        register_provider(people_to_ask)
        register_counter(counts)
