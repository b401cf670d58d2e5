namespace ConcertDapr.Contracts;

/// <summary>Topic names and the pub/sub component: public API, valid for Redis Streams and Kafka alike.</summary>
public static class Topics
{
    /// <summary>The pub/sub component's name.</summary>
    public const string PubSub = "pubsub";

    /// <summary>Where messages go that no retry could deliver.</summary>
    public const string DeadLetter = "dead-letter";

    /// <summary><see cref="Contracts.QueueAdvanced"/>.</summary>
    public const string QueueAdvanced = "queue.advanced";

    /// <summary><see cref="ReservationEvent"/> when seats are held.</summary>
    public const string ReservationHeld = "reservation.held";

    /// <summary><see cref="ReservationEvent"/> when tickets exist.</summary>
    public const string ReservationConfirmed = "reservation.confirmed";

    /// <summary><see cref="ReservationEvent"/> when the fan or the saga gave the seats back.</summary>
    public const string ReservationReleased = "reservation.released";

    /// <summary><see cref="ReservationEvent"/> when a hold ran out unpaid.</summary>
    public const string ReservationExpired = "reservation.expired";

    /// <summary><see cref="PaymentEvent"/> of a finished saga.</summary>
    public const string PaymentCompleted = "payment.completed";

    /// <summary><see cref="PaymentEvent"/> of a saga that undid itself.</summary>
    public const string PaymentFailed = "payment.failed";

    /// <summary><see cref="Contracts.CatalogChanged"/>.</summary>
    public const string CatalogChanged = "catalog.changed";

    /// <summary>CloudEvent type of a topic's current schema version.</summary>
    public static string TypeOf(string topic) => $"concertdapr.{topic}.v1";
}

/// <summary>The waiting room's door moved: everyone up to <paramref name="Serving"/> has been called.</summary>
public sealed record QueueAdvanced(ConcertId Target, long Serving, long Issued, int Active);

/// <summary>Something happened to a reservation. Carries no personal data beyond the account's number.</summary>
public sealed record ReservationEvent(ReservationId ReservationId, UserId UserId, ShowId ShowId, IReadOnlyList<SeatId> Seats,
    Points Amount, DateTimeOffset At);

/// <summary>
/// A payment ended. <paramref name="QueueSequence"/> is the place that it frees, in the waiting room of the concert or of
/// <paramref name="QueueTarget"/>.
/// </summary>
public sealed record PaymentEvent(PaymentId PaymentId, ReservationId ReservationId, UserId UserId, ConcertId ConcertId,
    Points Amount, long QueueSequence, DateTimeOffset At, string? Reason = null, ConcertId? QueueTarget = null);

/// <summary>A concert was created or changed; caches of it are stale.</summary>
public sealed record CatalogChanged(ConcertId ConcertId);
