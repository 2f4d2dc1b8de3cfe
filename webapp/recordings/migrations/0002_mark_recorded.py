from django.db import migrations


def mark_recorded(apps, _editor):
    """Encounters whose files were there before encounters had a status are recorded ones."""
    ready = apps.get_model("recordings", "Recording").objects.filter(state="ready").values("encounter")
    apps.get_model("studies", "Encounter").objects.filter(pk__in=ready).update(status="recorded")


class Migration(migrations.Migration):
    dependencies = [("recordings", "0001_initial"), ("studies", "0005_participants_and_flow")]
    operations = [migrations.RunPython(mark_recorded, migrations.RunPython.noop)]
