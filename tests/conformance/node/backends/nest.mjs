// NestJS on Express, or on Fastify: guards of a controller, of a route and of the whole app. FLAW: what is wrong with it; STYLE: how it
// guards; ADAPTER: what serves it.
import "reflect-metadata";
import { Controller, Get, HttpCode, Module, Param, Post, Req, SetMetadata, UnauthorizedException, UseGuards } from "@nestjs/common";
import { NestFactory, Reflector } from "@nestjs/core";
import guards from "./guards.cjs";

const { claimsOf } = guards;
const flaw = process.env.FLAW || "";
const everywhere = process.env.STYLE === "everywhere";
const tokenOf = (context) => context.switchToHttp().getRequest().headers.authorization;

class SessionGuard {
  canActivate(context) {
    if (!claimsOf(tokenOf(context))) throw new UnauthorizedException();
    return true;
  }
}
class AnyTokenGuard {
  canActivate(context) {
    if (!tokenOf(context)) throw new UnauthorizedException();
    return true;
  }
}
const PUBLIC = "public";
// A guard of the whole app, which lets in whoever asks for what is marked as public.
class AppGuard {
  constructor(reflector) {
    this.reflector = reflector;
  }
  async canActivate(context) {
    return this.reflector.getAllAndOverride(PUBLIC, [context.getHandler(), context.getClass()]) || Boolean(claimsOf(tokenOf(context)));
  }
}

// What TypeScript makes of decorators.
const onMethod = (target, name, ...decorators) =>
  decorators.forEach((each) => each(target.prototype, name, Object.getOwnPropertyDescriptor(target.prototype, name)));
const onParameter = (target, name, number, decorator) => decorator(target.prototype, name, number);
const onClass = (target, ...decorators) => decorators.forEach((each) => each(target));
const guarded = (...list) => (everywhere ? [] : list.map((each) => UseGuards(each)));
const open = SetMetadata(PUBLIC, true);

class UsersController {
  find(id) {
    return { id };
  }
  async note(id) {
    return { by: id };
  }
}
onMethod(UsersController, "find", Get(":id"));
onMethod(UsersController, "note", Post(":id/notes"), HttpCode(201));
for (const name of ["find", "note"]) onParameter(UsersController, name, 0, Param("id"));
const usersGuard = flaw === "verifies nothing" ? AnyTokenGuard : SessionGuard;
onClass(UsersController, Controller("api/v1/users"), ...(flaw === "mounted without" ? [] : guarded(usersGuard)));

class OthersController {
  health() {
    return { ok: true };
  }
  report() {
    return {};
  }
  export() {
    return {};
  }
  inside(request) {
    const field = request.headers.authorization;
    if (!(flaw === "inside" ? field : claimsOf(field))) throw new UnauthorizedException();
    return { fine: true };
  }
}
onMethod(OthersController, "health", Get("api/v1/health"), open);
onMethod(OthersController, "report", Get("admin/reports/:year"), ...guarded(SessionGuard));
onMethod(OthersController, "export", Get("hidden/export"), ...(flaw === "open" ? [] : guarded(SessionGuard)));
onMethod(OthersController, "inside", Get("inside"), open);
onParameter(OthersController, "inside", 0, Req());
onClass(OthersController, Controller());

class AppModule {}
onClass(AppModule, Module({ controllers: [UsersController, OthersController] }));
const adapters = process.env.ADAPTER === "fastify" ? [new (await import("@nestjs/platform-fastify")).FastifyAdapter()] : [];
const app = await NestFactory.create(AppModule, ...adapters, { logger: false });
if (everywhere) app.useGlobalGuards(new AppGuard(new Reflector()));
await app.listen(Number(process.env.PORT), "127.0.0.1");
