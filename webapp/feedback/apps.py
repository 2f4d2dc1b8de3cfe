from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "webapp.feedback"
    label = "feedback"

    def ready(self) -> None:
        from webapp.core.waiting import register_provider
        from webapp.feedback.waiting import sessions_to_reflect_on

        register_provider(sessions_to_reflect_on)
