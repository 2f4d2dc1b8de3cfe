from django.apps import AppConfig


class LiveConfig(AppConfig):
    name = "webapp.live"
    label = "live"

    def ready(self) -> None:
        from webapp.consent.holders import register_holder
        from webapp.jobs.registry import register_sweep
        from webapp.live.holding import HOLDER
        from webapp.live.services import end_abandoned_sessions

        register_holder(HOLDER)
        register_sweep(end_abandoned_sessions)
