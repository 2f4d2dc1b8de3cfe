from django.apps import AppConfig


class ConsentConfig(AppConfig):
    name = "webapp.consent"
    label = "consent"

    def ready(self) -> None:
        from webapp.consent.erasing import finish_open_erasures
        from webapp.consent.holders import register_holder
        from webapp.consent.holding import HOLDER
        from webapp.consent.models import ScanKey
        from webapp.consent.retention import sweep_retention
        from webapp.consent.scans import decrypt_scans, encrypt_scans, sweep_scans
        from webapp.consent.waiting import counts, open_erasures, people_to_ask
        from webapp.core.encrypting import Kind, register_stored
        from webapp.core.waiting import register_counter, register_provider
        from webapp.core.wrapped_keys import register_keys
        from webapp.jobs.registry import register_sweep

        register_holder(HOLDER)
        register_keys(ScanKey)
        register_stored("scans of signed forms", Kind(encrypt_scans, decrypt_scans))
        register_sweep(finish_open_erasures)
        register_sweep(sweep_scans)
        register_sweep(sweep_retention)
        register_provider(open_erasures)
        register_provider(people_to_ask)
        register_counter(counts)
