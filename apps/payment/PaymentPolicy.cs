using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Payment;

/// <summary>How long things may take.</summary>
/// <param name="WaitFor">How long a request waits for its saga before it is answered 202.</param>
/// <param name="CallFor">The time-out of each call to a neighbour, and so of each activity.</param>
/// <param name="StaleAfter">After which an unfinished payment is looked after by the reconciler.</param>
/// <param name="ReconcileEvery">How often the reconciler looks.</param>
internal sealed record PaymentPolicy(TimeSpan WaitFor, TimeSpan CallFor, TimeSpan StaleAfter, TimeSpan ReconcileEvery)
{
    public static PaymentPolicy From(Settings settings) => new(
        settings.Seconds("Payment:WaitSeconds", 5, 0, 60),
        settings.Seconds("Payment:CallSeconds", 5, 0.1, 60),
        settings.Seconds("Payment:StaleSeconds", 10, 1, 3_600),
        settings.Seconds("Payment:ReconcileSeconds", 5, 0.1, 3_600));
}
