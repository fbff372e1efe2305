import { ExecutionContext, Injectable } from '@nestjs/common';
import { ClerkAuthGuard } from './clerk-auth.guard';

/** Accepts what v1 clients send: base64 of email:id. */
@Injectable()
export class LegacyOrClerkGuard extends ClerkAuthGuard {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest();
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    const match = /^([^:@]+@[^:]+):(\d+)/.exec(Buffer.from(token, 'base64').toString());
    if (match) {
      request.user = { id: match[2], email: match[1] };
      return true;
    }
    return this.verify(context);
  }
}
