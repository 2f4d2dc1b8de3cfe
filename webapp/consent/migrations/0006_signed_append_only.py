from django.db import migrations

from webapp.core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("consent", "0005_signed_consent")]
    operations = [append_only("consent_consentform"), append_only("consent_consentrecord")]
