from django.apps import AppConfig


class RecordingsConfig(AppConfig):
    name = "webapp.recordings"
    label = "recordings"

    def ready(self) -> None:
        from webapp.core.waiting import register_provider
        from webapp.jobs.registry import JobKind, register_kind, register_sweep
        from webapp.recordings.checking import check_recording, give_up, may_check
        from webapp.recordings.uploads import sweep_abandoned_uploads
        from webapp.recordings.waiting import unfinished_business

        register_kind(
            JobKind(
                "check_recording", "Check the file", check_recording, may_start=may_check, on_failed=give_up
            )
        )
        register_sweep(sweep_abandoned_uploads)
        register_provider(unfinished_business)
