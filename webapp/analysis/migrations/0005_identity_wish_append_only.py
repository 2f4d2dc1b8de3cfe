from django.db import migrations

from webapp.core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("analysis", "0004_identity_wish")]
    operations = [append_only("analysis_identitywish")]
