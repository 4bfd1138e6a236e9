from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"
    verbose_name = "Training"

    def ready(self) -> None:
        from generation.console.parts import ModelPart, register_part
        from jobs.kinds import Kind, register
        from training.runs.model_part import context_of

        register(Kind(name="train", queue="train", run="training.runs.work.run_training"))
        register(Kind(name="evaluate", queue="analysis", run="training.runs.evaluation_work.run_evaluation"))
        register_part(ModelPart("training", "training/_model_part.html", context_of))
