from training.models.training_class import TrainingClass

__all__ = ["TrainingClass"]
