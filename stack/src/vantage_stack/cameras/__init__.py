"""Virtual RTSP cameras: looped clips on real sockets, that can stall, drop, hang, lose packets and drift on demand.

The server is a Go program (`server/`, built with the Go toolchain from its wheel) on gortsplib.
"""
