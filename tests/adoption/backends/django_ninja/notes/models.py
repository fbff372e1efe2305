from django.db import models


class Member(models.Model):
    clerk_id = models.CharField(max_length=80, unique=True, null=True)
    email = models.EmailField(null=True)


class Note(models.Model):
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    text = models.TextField()
    pinned = models.BooleanField(default=False)
