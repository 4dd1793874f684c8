/** One picture at a time: HLS by hls.js, each request with a token of its own. */
import Hls, { type ErrorData, Events, ErrorTypes } from "hls.js";

export class Player {
  private hls: Hls | null = null;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly token: () => Promise<string>,
    private readonly failed: (why: string) => void,
  ) {}

  async show(playlist: string, live: boolean): Promise<void> {
    this.stop();
    const token = { value: await this.token() };
    const hls = new Hls({
      enableWorker: false,
      ...(live ? { liveSyncDurationCount: 2, maxLiveSyncPlaybackRate: 1.2 } : {}),
      xhrSetup: (request) => {
        request.setRequestHeader("Authorization", `Bearer ${token.value}`);
        void this.token().then((fresh) => (token.value = fresh));
      },
    });
    hls.on(Events.ERROR, (_, data) => this.mend(hls, data));
    hls.on(Events.MANIFEST_PARSED, () => void this.video.play().catch(() => undefined));
    hls.loadSource(playlist);
    hls.attachMedia(this.video);
    this.hls = hls;
  }

  stop(): void {
    this.hls?.destroy();
    this.hls = null;
    this.video.removeAttribute("src");
  }

  private mend(hls: Hls, data: ErrorData): void {
    if (!data.fatal) return;
    if (data.type === ErrorTypes.MEDIA_ERROR) return hls.recoverMediaError();
    this.stop();
    const status = data.response?.code ? ` (the gateway answered ${data.response.code})` : "";
    this.failed(`The video has stopped: ${data.details}${status}. Press Look to try again.`);
  }
}
