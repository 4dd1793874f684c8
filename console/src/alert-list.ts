/** The alerts as they come, newest first; an alert that changes stays where it is and says so. */
import type { Alert } from "./gateway";

const MOST = 200;

export class AlertList {
  private readonly rows = new Map<string, { alert: Alert; row: HTMLLIElement }>();

  constructor(
    private readonly list: HTMLOListElement,
    private readonly empty: HTMLElement,
    private readonly look: (alert: Alert) => void,
  ) {}

  take(alert: Alert): void {
    const known = this.rows.get(alert.alert_id);
    if (known && known.alert.revision >= alert.revision) return;
    const row = known?.row ?? document.createElement("li");
    if (!known) this.list.prepend(row);
    this.rows.set(alert.alert_id, { alert, row });
    this.draw(row, alert);
    this.empty.hidden = true;
    if (this.rows.size > MOST) this.forgetOldest();
  }

  private draw(row: HTMLLIElement, alert: Alert): void {
    row.dataset["severity"] = alert.severity;
    row.dataset["active"] = String(alert.active ?? true);
    const title = document.createElement("strong");
    title.textContent = alert.title;
    const facts = document.createElement("small");
    facts.textContent = describe(alert);
    const look = document.createElement("button");
    look.type = "button";
    look.textContent = "Look at the camera";
    look.addEventListener("click", () => this.look(alert));
    row.replaceChildren(title, facts, document.createElement("br"), look);
  }

  private forgetOldest(): void {
    const [id, oldest] = this.rows.entries().next().value!;
    oldest.row.remove();
    this.rows.delete(id);
  }
}

/** Who, where, when and how many, in one line. */
export function describe(alert: Alert): string {
  const time = new Date(alert.evidence.at / 1000).toLocaleTimeString();
  const end = (alert.active ?? true) ? "" : ", over";
  return `${time}, ${alert.camera_id}, ${alert.severity}, seen ${alert.peak || alert.evidence.count}${end}`;
}
