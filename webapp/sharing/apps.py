from django.apps import AppConfig


class SharingConfig(AppConfig):
    name = "webapp.sharing"
    label = "sharing"

    def ready(self) -> None:
        from webapp.consent.holders import register_holder
        from webapp.core.waiting import register_counter, register_provider
        from webapp.jobs.registry import JobKind, register_kind, register_sweep
        from webapp.recordings.encrypting import register_encrypter
        from webapp.recordings.keys import register_keys
        from webapp.sharing.building import KIND, run_build, tidy_up
        from webapp.sharing.encrypting import encrypt_packages
        from webapp.sharing.holding import HOLDER
        from webapp.sharing.models import ReleaseKey
        from webapp.sharing.notices import NOTICE, send_notice
        from webapp.sharing.sweeping import sweep_packages_without_a_release
        from webapp.sharing.waiting import counts, recalls_to_answer, releases_to_build

        register_kind(JobKind(KIND, "Build a release", run_build, on_failed=tidy_up))
        register_kind(JobKind(NOTICE, "Tell by e-mail of a recall", send_notice))
        register_holder(HOLDER)
        register_keys(ReleaseKey)
        register_encrypter("packages", encrypt_packages)
        register_provider(recalls_to_answer)
        register_provider(releases_to_build)
        register_counter(counts)
        register_sweep(sweep_packages_without_a_release)
