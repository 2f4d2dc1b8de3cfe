from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "webapp.feedback"
    label = "feedback"

    def ready(self) -> None:
        from webapp.consent.holders import register_holder
        from webapp.core.waiting import register_counter, register_provider
        from webapp.feedback.holding import HOLDER
        from webapp.feedback.waiting import counts, sessions_to_reflect_on

        register_holder(HOLDER)
        register_provider(sessions_to_reflect_on)
        register_counter(counts)
