from django.db import migrations


def take_over_worn(apps, _editor):
    """A donor that somebody wears in a version from before donors were kept is theirs, or is taken at least."""
    versions = apps.get_model("deidjobs", "Derivative").objects.select_related("recording__encounter")
    donors = apps.get_model("deidjobs", "StudyDonor").objects
    for version in versions.order_by("-finished_at"):  # of several, the newest stays the person's
        encounter = version.recording.encounter
        person = encounter.patient_id if version.recording.camera == "patient" else encounter.doctor_id
        for donor in worn(version.report):
            if donors.filter(study=encounter.study_id, donor=donor).exists():
                continue
            known = donors.filter(study=encounter.study_id, participant=person).exists()
            donors.create(
                study_id=encounter.study_id, donor=donor, participant_id=None if known else person
            )


def worn(report):
    """Return the donors of the person whom the camera is pointed at, that of their longest track first. An old
    report tells these tracks by their roles.
    """
    theirs = [one for one in report.get("tracks", []) if one.get("role") != "irrelevant"]
    tracks = [one["track"] for one in sorted(theirs, key=lambda one: -one.get("frames", 0))]
    chosen = [report.get("donors", {}).get(str(track)) for track in report.get("main_tracks", tracks)]
    return list(dict.fromkeys(donor for donor in chosen if donor))


class Migration(migrations.Migration):
    dependencies = [("deidjobs", "0006_cover_keys"), ("studies", "0006_ask_anew")]
    operations = [migrations.RunPython(take_over_worn, migrations.RunPython.noop)]
