from django.apps import AppConfig


class DeidJobsConfig(AppConfig):
    name = "webapp.deidjobs"
    label = "deidjobs"

    def ready(self) -> None:
        from webapp.analysis.correcting import when_corrected
        from webapp.consent.holders import register_holder
        from webapp.core.waiting import register_counter, register_provider
        from webapp.deidjobs import lending, lent_holding
        from webapp.deidjobs.hiding import SEGMENTED, forget, may_hide, run_hiding
        from webapp.deidjobs.holding import HOLDER
        from webapp.deidjobs.leaving import take_back_corrected, take_back_replaced
        from webapp.deidjobs.queries import KIND, words_about
        from webapp.deidjobs.sweeping import sweep_what_nobody_needs
        from webapp.deidjobs.waiting import counts, unreviewed
        from webapp.jobs.registry import JobKind, register_kind, register_sweep
        from webapp.recordings.services import before_it_goes

        register_kind(
            JobKind(
                KIND,
                "De-identify a recording",
                run_hiding,
                segmented=SEGMENTED,
                may_start=may_hide,
                on_failed=forget,
                about=words_about,
            )
        )
        register_kind(
            JobKind(
                lending.KIND,
                "Make a face for averaging",
                lending.make_contribution,
                on_failed=lending.forget,
                about=lending.words_about,
            )
        )
        register_holder(HOLDER)
        register_holder(lent_holding.HOLDER)
        when_corrected(take_back_corrected)
        before_it_goes(take_back_replaced)
        register_sweep(sweep_what_nobody_needs)
        register_provider(unreviewed)
        register_counter(counts)
