from django.apps import AppConfig


class SharingConfig(AppConfig):
    name = "webapp.sharing"
    label = "sharing"

    def ready(self) -> None:
        from webapp.consent.holders import register_holder
        from webapp.core.encrypting import Kind, register_stored
        from webapp.core.waiting import register_counter, register_provider
        from webapp.core.wrapped_keys import register_keys
        from webapp.jobs.registry import JobKind, register_kind, register_sweep
        from webapp.sharing.building import KIND, run_build, tidy_up
        from webapp.sharing.encrypting import decrypt_packages, encrypt_packages
        from webapp.sharing.holding import HOLDER
        from webapp.sharing.models import ReleaseKey
        from webapp.sharing.notices import NOTICE, send_notice
        from webapp.sharing.sweeping import sweep_packages_without_a_release
        from webapp.sharing.waiting import counts, recalls_to_answer, releases_to_build

        register_kind(JobKind(KIND, "Build a release", run_build, on_failed=tidy_up))
        register_kind(JobKind(NOTICE, "Tell by e-mail of a recall", send_notice))
        register_holder(HOLDER)
        register_keys(ReleaseKey)
        register_stored("packages", Kind(encrypt_packages, decrypt_packages))
        register_provider(recalls_to_answer)
        register_provider(releases_to_build)
        register_counter(counts)
        register_sweep(sweep_packages_without_a_release)
