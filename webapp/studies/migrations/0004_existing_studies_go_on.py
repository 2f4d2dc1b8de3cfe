from django.db import migrations


def go_on(apps, _editor):
    """Studies that were there recruit already, and who coordinated them owns them."""
    studies, memberships = (apps.get_model("studies", name) for name in ("Study", "Membership"))
    studies.objects.update(state="recruiting")
    memberships.objects.filter(role="coordinator").update(role="owner")


class Migration(migrations.Migration):
    dependencies = [("studies", "0003_study_life")]
    operations = [migrations.RunPython(go_on, migrations.RunPython.noop)]
