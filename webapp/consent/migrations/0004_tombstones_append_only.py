from django.db import migrations

from webapp.core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("consent", "0003_erasure")]
    operations = [append_only("consent_tombstone")]
