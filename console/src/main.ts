/** Puts the page together: sign in, follow the alerts, look at a camera for a purpose. */
import { AlertList } from "./alert-list";
import { follow } from "./events";
import { type Alert, Gateway, PURPOSES, type Wanted } from "./gateway";
import { Player } from "./player";
import { problemOf } from "./problem";
import { fieldMicros, fieldTime, readRoute } from "./route";
import { type Config, Session } from "./session";

const one = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const camera = one<HTMLSelectElement>("camera");
const kind = one<HTMLSelectElement>("kind");
const purpose = one<HTMLSelectElement>("purpose");
const caseField = one<HTMLInputElement>("case");
const from = one<HTMLInputElement>("from");
const to = one<HTMLInputElement>("to");

function complain(error: unknown): void {
  const box = one("problem");
  box.textContent = error instanceof Error ? error.message : String(error);
  box.hidden = false;
}

function option(value: string, text: string): HTMLOptionElement {
  return new Option(text, value);
}

async function fill(gateway: Gateway): Promise<void> {
  const cameras = await gateway.cameras();
  camera.replaceChildren(...cameras.map((each) => option(each.camera_id, each.name)));
  purpose.replaceChildren(option("", "choose"), ...PURPOSES.map((each) => option(each, each.replace("-", " "))));
}

function applyRoute(): void {
  const route = readRoute(location.hash);
  if (route) {
    camera.value = route.camera;
    kind.value = route.kind;
    purpose.value = route.purpose;
    caseField.value = route.case;
    if (route.fromUs !== undefined && route.toUs !== undefined) {
      from.value = fieldTime(route.fromUs);
      to.value = fieldTime(route.toUs);
    }
  }
  kindChanged();
}

function kindChanged(): void {
  const recorded = kind.value === "recorded";
  one("window").hidden = !recorded;
  from.required = to.required = recorded;
}

function wanted(): Wanted {
  const look: Wanted = { camera_id: camera.value, kind: kind.value as Wanted["kind"], purpose: purpose.value };
  if (caseField.value) look.case = caseField.value;
  if (look.kind === "recorded") Object.assign(look, { from_us: fieldMicros(from.value), to_us: fieldMicros(to.value) });
  return look;
}

async function look(gateway: Gateway, player: Player): Promise<void> {
  one("problem").hidden = true;
  const what = wanted();
  try {
    const view = await gateway.look(what);
    await player.show(view.playlist, what.kind === "live");
    one("shown").textContent = `${what.camera_id}, ${what.kind}, for ${what.purpose}`;
  } catch (error) {
    player.stop();
    one("shown").textContent = "";
    complain(error);
  }
}

function linkState(state: "live" | "away", text: string): void {
  const link = one("link");
  link.dataset["state"] = state;
  link.textContent = text;
}

async function main(): Promise<void> {
  const answer = await fetch("/v1/config");
  if (!answer.ok) throw await problemOf(answer);
  const config = (await answer.json()) as Config;
  const session = await Session.begin(config);
  if (session === null) return;
  const gateway = new Gateway(session);
  const player = new Player(one<HTMLVideoElement>("video"), () => gateway.token(), complain);
  const list = new AlertList(one("alerts"), one("no-alerts"), (alert) => {
    location.hash = `#/live/${alert.camera_id}?purpose=${purpose.value}&case=${encodeURIComponent(caseField.value)}`;
    purpose.focus();
  });
  one("cell").textContent = `cell ${config.cell_id}`;
  one("sign-out").hidden = false;
  one("sign-out").addEventListener("click", () => session.signOut());
  await fill(gateway);
  applyRoute();
  window.addEventListener("hashchange", applyRoute);
  kind.addEventListener("change", kindChanged);
  one("view").addEventListener("submit", (event) => {
    event.preventDefault();
    void look(gateway, player);
  });
  document.querySelector("main")!.hidden = false;
  await follow(
    (lastId) => gateway.alerts(lastId),
    (event) => list.take(JSON.parse(event.data) as Alert),
    () => linkState("live", "alerts are live"),
    (why) => linkState("away", `alerts are away: ${why}`),
  );
}

main().catch(complain);
