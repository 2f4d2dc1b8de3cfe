from django.apps import AppConfig


class ConsentConfig(AppConfig):
    name = "webapp.consent"
    label = "consent"
