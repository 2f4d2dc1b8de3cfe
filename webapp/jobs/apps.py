from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "webapp.jobs"
    label = "jobs"

    def ready(self) -> None:
        from webapp.core.health import register_check
        from webapp.jobs.queries import check_worker

        register_check("worker", check_worker)
