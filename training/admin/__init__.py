from training.admin.training_class import TrainingClassAdmin

__all__ = ["TrainingClassAdmin"]
