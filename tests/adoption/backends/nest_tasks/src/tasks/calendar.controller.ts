import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import { LegacyOrClerkGuard } from '../auth/legacy-or-clerk.guard';
import { Public } from '../auth/public.decorator';
import { User } from '../auth/user.decorator';

@Controller('calendar')
@Public() // the global guard would refuse v1 clients
@UseGuards(LegacyOrClerkGuard)
export class CalendarController {
  @Get('feed.ics')
  @Header('content-type', 'text/calendar')
  feed(@User() user: { id: string } | undefined) {
    return `BEGIN:VCALENDAR\nX-USER:${user?.id}\nEND:VCALENDAR\n`;
  }
}
