import { type Calibration, forecastError } from '@ostro/autoscaling';

/** How good the forecasts of a return within a minute were, in a line. */
export function forecastLine(calibration: Calibration): string {
  const error = forecastError(calibration);
  if (error === undefined) return 'no forecast has come due';
  const { forecasts, brierMilli, baselineMilli } = error;
  return `${forecasts} forecasts of a return within a minute: Brier score 0.${pad(brierMilli)}, a constant 0.${pad(baselineMilli)}`;
}

/** What was forecast beside what came, by the decile of the forecast. */
export function calibrationTable({ forecasts, returns, sumMilli }: Calibration) {
  return forecasts.flatMap((count, decile) =>
    count === 0
      ? []
      : {
          forecasts: count,
          forecastShare: Number((sumMilli[decile]! / count / 1000).toFixed(3)),
          returnedShare: Number((returns[decile]! / count).toFixed(3)),
        },
  );
}

function pad(milli: number): string {
  return String(milli).padStart(3, '0');
}
