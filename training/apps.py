from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"
    verbose_name = "Training"

    def ready(self) -> None:
        from jobs.kinds import Kind, register

        register(Kind(name="train", queue="train", run="training.runs.work.run_training"))
        register(Kind(name="evaluate", queue="analysis", run="training.runs.evaluation_work.run_evaluation"))
