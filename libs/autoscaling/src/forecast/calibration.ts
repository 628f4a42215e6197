const DECILES = 10;

/** Forecasts that have come due, by the decile of the probability they gave. Probabilities are in thousandths. */
export interface Calibration {
  readonly forecasts: readonly number[];
  readonly returns: readonly number[];
  readonly sumMilli: readonly number[];
  /** Sum of (probability - outcome)^2 over all forecasts, in millionths. */
  readonly squaredError: number;
}

const none = (): number[] => new Array<number>(DECILES).fill(0);

export const NEW_CALIBRATION: Calibration = { forecasts: none(), returns: none(), sumMilli: none(), squaredError: 0 };

export interface DueForecast {
  readonly returnMilli: number;
  readonly returned: boolean;
}

/** The calibration with one more forecast that has come true or not; the error is in thousandths, squared. */
export function calibrated(calibration: Calibration, { returnMilli, returned }: DueForecast): Calibration {
  const decile = Math.min(Math.floor(returnMilli / 100), DECILES - 1);
  const error = returnMilli - (returned ? 1000 : 0);
  return {
    forecasts: added(calibration.forecasts, decile, 1),
    returns: added(calibration.returns, decile, returned ? 1 : 0),
    sumMilli: added(calibration.sumMilli, decile, returnMilli),
    squaredError: calibration.squaredError + error * error,
  };
}

export interface ForecastError {
  readonly forecasts: number;
  /** Mean squared error in thousandths: 0 is perfect, 250 is a coin. */
  readonly brierMilli: number;
  /** What the best constant probability would have scored: the forecast is worth its distance to it. */
  readonly baselineMilli: number;
}

/**
 * The error of the return forecasts so far; undefined before the first has come due.
 *
 *     Brier score = mean of (probability - outcome)^2,   baseline = p (1 - p) with p the share that returned
 *
 * Source: Brier (1950), the proper score of a probability: it is least for who says what is believed.
 */
export function forecastError(calibration: Calibration): ForecastError | undefined {
  const forecasts = sum(calibration.forecasts);
  if (forecasts === 0) return undefined;
  const share = sum(calibration.returns) / forecasts;
  return {
    forecasts,
    brierMilli: Math.round(calibration.squaredError / forecasts / 1000),
    baselineMilli: Math.round(1000 * share * (1 - share)),
  };
}

function added(counts: readonly number[], at: number, more: number): readonly number[] {
  return counts.map((count, index) => (index === at ? count + more : count));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
