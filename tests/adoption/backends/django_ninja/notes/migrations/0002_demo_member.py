from django.db import migrations


def create(apps, schema_editor):
    Member = apps.get_model("notes", "Member")
    member = Member.objects.create(email="demo@notes.example")
    apps.get_model("notes", "Note").objects.create(member=member, text="Welcome!")


class Migration(migrations.Migration):
    dependencies = [("notes", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
