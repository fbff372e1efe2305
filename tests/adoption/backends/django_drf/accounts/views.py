from rest_framework.response import Response
from rest_framework.views import APIView


class MeView(APIView):
    def get(self, request):
        return Response({"id": request.user.id, "clerk_id": request.user.clerk_id})
