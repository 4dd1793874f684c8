package main

import (
	"errors"
	"os"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/pmp4"
)

// loadClip reads an MP4 file's first H.264 or H.265 track.
func loadClip(file string) (*source, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var presentation pmp4.Presentation
	if err := presentation.Unmarshal(f); err != nil {
		return nil, err
	}
	for _, track := range presentation.Tracks {
		v, err := videoOf(track.Codec)
		if err != nil {
			return nil, err
		}
		if v != nil {
			return packTrack(track, v)
		}
	}
	return nil, errors.New("no H.264 or H.265 track; encode one (not fragmented MP4) and give that file")
}

func packTrack(track *pmp4.Track, v *video) (*source, error) {
	clip := &source{kind: description.MediaTypeVideo, newFormat: v.newFormat, video: v}
	var ticks int64
	at := func(ticks int64) time.Duration {
		return time.Duration(ticks) * time.Second / time.Duration(track.TimeScale)
	}
	for _, sample := range track.Samples {
		u, err := packSample(sample, v, at(ticks), at(ticks+int64(sample.PTSOffset)))
		if err != nil {
			return nil, err
		}
		clip.units = append(clip.units, u)
		ticks += int64(sample.Duration)
	}
	clip.length = at(ticks)
	if clip.length <= 0 {
		return nil, errors.New("the track has no frames, or they have no duration")
	}
	return clip, nil
}

func packSample(sample *pmp4.Sample, v *video, dts, pts time.Duration) (*unit, error) {
	payload, err := sample.GetPayload()
	if err != nil {
		return nil, err
	}
	var nals h264.AVCC // H.265 in MP4 has the same length prefixes
	if err := nals.Unmarshal(payload); err != nil {
		return nil, err
	}
	if !sample.IsNonSyncSample { // cameras repeat the parameter sets before each keyframe
		nals = append(append([][]byte{}, v.parameterSets...), nals...)
	}
	packets, err := v.packer.Encode(nals)
	if err != nil {
		return nil, err
	}
	return newUnit(dts, pts, !sample.IsNonSyncSample, nals, packets), nil
}
