import { Body, Controller, Delete, Get, HttpCode, Param, ParseIntPipe, Post } from '@nestjs/common';
import { User } from '../auth/user.decorator';
import { CreateTaskDto } from './create-task.dto';
import { TasksService } from './tasks.service';

@Controller('tasks')
export class TasksController {
  constructor(private readonly tasks: TasksService) {}

  @Get()
  findAll(@User() user: { id: string }) {
    return this.tasks.findAll(user.id);
  }

  @Get(':id')
  findOne(@Param('id', ParseIntPipe) id: number, @User() user: { id: string }) {
    return this.tasks.findOne(id, user.id);
  }

  @Post()
  create(@Body() dto: CreateTaskDto, @User() user: { id: string }) {
    return this.tasks.create(user.id, dto.title);
  }

  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id', ParseIntPipe) id: number, @User() user: { id: string }) {
    this.tasks.remove(id, user.id);
  }
}
