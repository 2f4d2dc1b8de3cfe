from django.db import migrations

from webapp.core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("sharing", "0001_initial")]
    operations = [
        append_only("sharing_releaseperson"),
        append_only("sharing_releaseitem"),
        append_only("sharing_recipient"),
        append_only("sharing_recall"),
        append_only("sharing_recalleditem"),
        append_only("sharing_acknowledgement"),
    ]
