import { Injectable, NotFoundException } from '@nestjs/common';

export interface Task {
  id: number;
  owner: string;
  title: string;
}

@Injectable()
export class TasksService {
  private tasks: Task[] = [{ id: 1, owner: 'nobody', title: 'Write tests' }];

  findAll(owner: string): Task[] {
    return this.tasks.filter((t) => t.owner === owner);
  }

  findOne(id: number, owner: string): Task {
    const task = this.tasks.find((t) => t.id === id && t.owner === owner);
    if (!task) throw new NotFoundException();
    return task;
  }

  create(owner: string, title: string): Task {
    const task = { id: this.tasks.length + 1, owner, title };
    this.tasks.push(task);
    return task;
  }

  remove(id: number, owner: string): void {
    this.tasks = this.tasks.filter((t) => t.id !== id || t.owner !== owner);
  }
}
