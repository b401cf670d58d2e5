using System.Diagnostics;
using System.Diagnostics.Metrics;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Payment;

/// <summary>Sagas and their steps. Durations in seconds.</summary>
internal static class PaymentMetrics
{
    private static readonly Histogram<double> s_sagas = Durations("concert.saga.duration",
        "From a payment's row to its end, by outcome: completed, failed, stuck", 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300);

    private static readonly Histogram<double> s_steps = Durations("concert.saga.step.duration",
        "One attempt at a step of a saga, by step and outcome: done, refused, failed (will be tried again)", 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5);

    /// <summary>A payment came to an end. An end that was recorded before took no time and is not counted again.</summary>
    public static void Ended(PaymentStatus status, TimeSpan? took)
    {
        if (took is { } duration) s_sagas.Record(duration.TotalSeconds, Outcome(status switch
        {
            PaymentStatus.Completed => "completed",
            PaymentStatus.CompensationStuck => "stuck",
            _ => "failed",
        }));
    }

    /// <summary>An attempt at a step ended; <paramref name="began"/> is <see cref="Stopwatch.GetTimestamp"/>'s.</summary>
    public static void Attempted(string step, string outcome, long began) =>
        s_steps.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, new KeyValuePair<string, object?>("step", step), Outcome(outcome));

    /// <summary>Observes what the reconciler found last. Every replica reports the same rows: take the maximum, not the sum.</summary>
    public static void Observe(Func<Backlog> backlog)
    {
        ConcertTelemetry.Meter.CreateObservableGauge("concert.payments.overdue", () => backlog().Overdue, "{payment}", "Payments that should have ended by now");
        ConcertTelemetry.Meter.CreateObservableGauge("concert.payments.stuck", () => backlog().Stuck, "{payment}", "Payments whose compensation could not finish");
    }

    private static Histogram<double> Durations(string name, string meaning, params double[] bounds) =>
        ConcertTelemetry.Meter.CreateHistogram(name, "s", meaning, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

    private static KeyValuePair<string, object?> Outcome(string outcome) => new("outcome", outcome);
}

/// <summary>Payments that did not end as they should.</summary>
internal sealed record Backlog(long Overdue, long Stuck);
