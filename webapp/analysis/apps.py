from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "webapp.analysis"
    label = "analysis"

    def ready(self) -> None:
        from webapp.analysis.analysing import SEGMENTED, may_analyse, run_analysis
        from webapp.analysis.batch_notices import NOTICE, finished_batches, queue_notices, send_notice
        from webapp.analysis.holding import HOLDER, holding
        from webapp.analysis.identities import sweep_identities
        from webapp.analysis.queries import KIND
        from webapp.analysis.services import start_by_itself
        from webapp.analysis.waiting import counts, failed_jobs
        from webapp.consent.holders import register_holder
        from webapp.core.waiting import register_counter, register_provider
        from webapp.jobs.registry import JobKind, register_kind, register_sweep
        from webapp.recordings.services import when_ready
        from webapp.studies.flow import register_analysed

        register_kind(
            JobKind(KIND, "Analyse expressions", run_analysis, segmented=SEGMENTED, may_start=may_analyse)
        )
        register_kind(JobKind(NOTICE, "Tell by e-mail that a batch is done", send_notice))
        register_sweep(queue_notices)
        register_sweep(sweep_identities)
        register_holder(HOLDER)
        register_analysed(holding)
        when_ready(start_by_itself)
        register_provider(failed_jobs)
        register_provider(finished_batches)
        register_counter(counts)
