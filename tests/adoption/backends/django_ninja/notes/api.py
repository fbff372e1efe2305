from django.shortcuts import get_object_or_404
from ninja import NinjaAPI, Router, Schema

from .models import Note
from .security import ClerkAuth, OldAuth

api = NinjaAPI(title="Notes", auth=ClerkAuth())
notes = Router(tags=["notes"])
sync = Router(tags=["sync"], auth=[ClerkAuth(), OldAuth()])


class NoteIn(Schema):
    text: str
    pinned: bool = False


class NoteOut(NoteIn):
    id: int


@api.get("/health", auth=None)
def health(request):
    return {"status": "up"}


@notes.get("/", response=list[NoteOut])
def list_notes(request):
    return Note.objects.filter(member=request.auth)


@notes.post("/", response={201: NoteOut})
def create_note(request, payload: NoteIn):
    return 201, Note.objects.create(member=request.auth, **payload.dict())


@notes.get("/{int:note_id}", response=NoteOut)
def get_note(request, note_id: int):
    return get_object_or_404(Note, id=note_id, member=request.auth)


@notes.delete("/{int:note_id}", response={204: None})
def delete_note(request, note_id: int):
    get_object_or_404(Note, id=note_id, member=request.auth).delete()
    return 204, None


@sync.get("/changes")
def changes(request, since: int = 0):
    return {"member": request.auth.id, "ids": [n.id for n in Note.objects.filter(member=request.auth, id__gt=since)]}


@sync.get("/count")
def count(request):
    return {"count": Note.objects.filter(member=request.auth).count()}


api.add_router("/notes", notes)
api.add_router("/sync", sync)
