import { Module } from '@nestjs/common';
import { CalendarController } from './calendar.controller';
import { TasksController } from './tasks.controller';
import { TasksService } from './tasks.service';

@Module({ controllers: [TasksController, CalendarController], providers: [TasksService] })
export class TasksModule {}
