from django.apps import AppConfig


class RecordingsConfig(AppConfig):
    name = "webapp.recordings"
    label = "recordings"

    def ready(self) -> None:
        from django.core.checks import Tags, register

        from webapp.consent.holders import register_holder
        from webapp.core.encrypting import Kind, register_stored
        from webapp.core.health import STORAGE, register_check
        from webapp.core.waiting import register_counter, register_provider
        from webapp.core.wrapped_keys import register_keys
        from webapp.jobs.registry import JobKind, register_kind, register_sweep
        from webapp.recordings.checking import check_recording, give_up, may_check, words_about
        from webapp.recordings.checks import check_keys_open, check_master_keys, check_media_bucket
        from webapp.recordings.encrypting import decrypt_recordings, encrypt_recordings
        from webapp.recordings.holding import HOLDER
        from webapp.recordings.models import MediaKey
        from webapp.recordings.services import CHECK
        from webapp.recordings.storage import check_storage
        from webapp.recordings.sweeping import (
            sweep_abandoned_uploads,
            sweep_files_without_consent,
            sweep_half_written_files,
            sweep_orphans,
        )
        from webapp.recordings.waiting import counts, unfinished_business

        register_kind(
            JobKind(
                CHECK,
                "Check the file",
                check_recording,
                may_start=may_check,
                on_failed=give_up,
                about=words_about,
            )
        )
        for sweep in (
            sweep_abandoned_uploads,
            sweep_files_without_consent,
            sweep_orphans,
            sweep_half_written_files,
        ):
            register_sweep(sweep)
        register_check(STORAGE, check_storage)
        register(check_master_keys, Tags.security)
        register(check_keys_open, Tags.database)
        register(check_media_bucket, Tags.database)
        register_holder(HOLDER)
        register_keys(MediaKey)
        register_stored("recordings", Kind(encrypt_recordings, decrypt_recordings))
        register_provider(unfinished_business)
        register_counter(counts)
