package demodata

import (
	"fmt"
	"math"
	"time"

	"github.com/observatory/observatory/internal/client"
)

// greenhouse with one sensor in it.
type greenhouse struct {
	name      string
	warmth    float64 // mean temperature, in degrees Celsius
	swing     float64 // between noon and midnight, in degrees
	dryingOut float64 // of the soil, in points of percent an hour
}

// readings come once an hour from each of the greenhouses. Two stories are in them: one night the heating of the third
// greenhouse fails, and for two days the battery of the fifth is empty.
func runSensors(w *World, out *stream) {
	houses := []greenhouse{
		{"seedlings", 23, 3, 0.9},
		{"ferns", 20, 2.5, 0.5},
		{"orchids", 24.5, 2, 0.6},
		{"succulents", 22, 6, 0.25},
		{"outdoor north", 14, 8, 0.7},
		{"outdoor south", 16, 9, 1.0},
	}
	const (
		cold, silent = 2, 4 // which of them
		wet, dry     = 78.0, 35.0
	)
	r := w.random("sensors")
	failure := w.start.AddDate(0, 0, 7*w.cfg.Weeks/2).Add(22 * hour)
	quiet := w.start.AddDate(0, 0, 7*w.cfg.Weeks/3)
	soil := make([]float64, len(houses))
	for i := range soil {
		soil[i] = dry + r.Float64()*(wet-dry)
	}
	for at := w.start; at.Before(w.cfg.End) && !out.closed; at = at.Add(hour) {
		for i, h := range houses {
			sun := -math.Cos(2 * math.Pi * (float64(at.Hour()) - 2) / 24) // coldest at two, warmest at fourteen
			temperature := h.warmth + h.swing/2*sun + 0.4*r.NormFloat64()
			if since := at.Sub(failure); i == cold && since >= 0 && since < 10*hour {
				temperature -= 9 * math.Sin(math.Pi*float64(since)/float64(10*hour))
			}
			if soil[i] -= h.dryingOut * (1 + 0.6*sun) * (0.8 + 0.4*r.Float64()); soil[i] < dry {
				soil[i] = wet
			}
			battery := 100 - 60*float64(at.Sub(w.start))/float64(w.cfg.End.Sub(w.start)) - 3*float64(i)
			moment := at.Add(time.Duration(i)*7*time.Second + between(r, 0, time.Second).Truncate(time.Millisecond))
			if since := at.Sub(quiet); i == silent && since >= 0 && since < 2*day {
				continue
			}
			out.send(client.Event{
				Name:      "reading",
				Timestamp: moment,
				Properties: map[string]any{
					"sensor_id": fmt.Sprintf("gh-%02d", i+1), "greenhouse": h.name, "temperature_c": round(temperature),
					"humidity_pct": round(62 - 9*sun + 2*r.NormFloat64()), "soil_moisture_pct": round(soil[i]), "battery_pct": round(max(battery, 1)),
				},
				Context: map[string]any{
					"device":  map[string]any{"id": fmt.Sprintf("gh-%02d", i+1), "type": "sensor", "model": "Fernsense 2", "firmware": "1.8.3"},
					"library": map[string]any{"name": "observatory-demo"},
				},
			})
		}
	}
}
