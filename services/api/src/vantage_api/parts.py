"""The real parts, put together: what is followed, what is asked, what is written, and how each is looked after."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from vantage.clock import SystemClock
from vantage.contracts import Camera
from vantage.objects import S3ObjectStore
from vantage.publish import Publisher
from vantage.table import Table
from vantage_api.adapters.alert_index import PostgresAlertIndex
from vantage_api.adapters.alert_topic import AlertFollower, KafkaAlertArchive
from vantage_api.adapters.audit_log import KafkaAuditLog
from vantage_api.adapters.broker import Broker
from vantage_api.adapters.cameras import TableCameras
from vantage_api.adapters.database import CONNECTIONS, Database
from vantage_api.adapters.footage import StoredVideo
from vantage_api.adapters.live_topic import LiveFollower
from vantage_api.adapters.provider_keys import ProviderKeys
from vantage_api.adapters.recording_index import PostgresRecordingIndex
from vantage_api.adapters.tokens import JwtTokens
from vantage_api.adapters.views import PostgresViews
from vantage_api.doorkeeper import Doorkeeper
from vantage_api.errors import NotFollowing, PartDied
from vantage_api.feed import Feed
from vantage_api.gateway import Gateway, Work
from vantage_api.hub import AlertHub
from vantage_api.settings import ApiSettings
from vantage_api.viewing import Viewing
from vantage_api.watch import Probe


@dataclass(frozen=True)
class Parts:
    """What runs beside the HTTP server."""

    broker: Broker
    table: Table[Camera]
    hub: AlertHub
    alerts: AlertFollower
    live: LiveFollower
    audit: KafkaAuditLog
    keys: ProviderKeys
    database: Database
    video: StoredVideo
    work: Work

    @classmethod
    def of(cls, settings: ApiSettings) -> Self:
        """The parts of the settings; none of them waits for anything yet."""
        bootstrap = settings.kafka_bootstrap
        hub = AlertHub(settings.api_stream_tail, settings.api_stream_queue, settings.api_subscribers)
        return cls(
            broker=Broker(bootstrap),
            table=Table(settings, "cameras.v1", Camera),
            hub=hub,
            alerts=AlertFollower(bootstrap, hub, settings.api_stream_tail),
            live=LiveFollower(bootstrap, SystemClock()),
            audit=KafkaAuditLog(Publisher.from_settings(settings, "api"), settings.api_audit_seconds),
            keys=ProviderKeys(settings.api_oidc_issuer, SystemClock()),
            database=Database(settings.postgres_dsn.get_secret_value()),
            video=StoredVideo(S3ObjectStore.from_settings(settings)),
            work=Work.of(CONNECTIONS),
        )

    def start(self) -> None:
        """Begin to follow; the event loop of the hub runs already."""
        self.table.start()
        self.alerts.start()
        self.live.start()
        self.audit.start()

    def stop(self) -> None:
        """Stop following, write what waits, let go."""
        self.alerts.stop()
        self.live.stop()
        self.table.stop()
        self.audit.stop()
        self.work.stop()
        self.database.close()
        self.keys.close()

    def check_alive(self, *more: threading.Thread) -> None:
        """Raise PartDied where a thread has ended by a fault of its own; its traceback is in the log."""
        for thread in (self.alerts.thread, self.live.thread, self.audit.thread, *more):
            if not thread.is_alive():
                msg = f"the thread {thread.name} has ended by a fault: the gateway stops, to be started again"
                raise PartDied(msg)

    def probes(self) -> Mapping[str, Probe]:
        """How to look at each part; its name is that in the readiness."""
        return {
            "kafka": self.broker.check,
            "cameras": self._cameras().check,
            "alerts": self._check_alerts,
            "postgres": self.database.prepare,
            "index": self.database.check_views,
            "store": self.video.check,
            "sign-in": self._check_sign_in,
        }

    def gateway(self, settings: ApiSettings) -> Gateway:
        """The parts as the routes use them."""
        clock, cameras, work = SystemClock(), self._cameras(), self.work
        doorkeeper = Doorkeeper(self.audit, clock)
        return Gateway(
            settings=settings,
            clock=clock,
            tokens=JwtTokens(self.keys, settings.api_oidc_issuer, settings.api_audience, clock),
            doorkeeper=doorkeeper,
            cameras=cameras,
            alerts=PostgresAlertIndex(self.database),
            feed=Feed(self.hub, KafkaAlertArchive(settings.kafka_bootstrap), work.resume),
            viewing=Viewing(
                doorkeeper=doorkeeper,
                clock=clock,
                cameras=cameras,
                views=PostgresViews(self.database),
                recordings=PostgresRecordingIndex(self.database),
                live=self.live,
                video=self.video,
                index=work.index,
                store=work.store,
            ),
            work=work,
        )

    def _cameras(self) -> TableCameras:
        return TableCameras(self.table)

    def _check_alerts(self) -> None:
        if not self.hub.is_ready:
            msg = "alerts.v1 has not been read to its end yet"
            raise NotFollowing(msg)

    def _check_sign_in(self) -> None:
        self.keys.current()
