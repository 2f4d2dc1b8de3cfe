from django.db import migrations

from webapp.core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("deidjobs", "0004_limits")]
    operations = [append_only("deidjobs_releaselimits")]
