using System.Text.Json.Serialization;
using ConcertDapr.Contracts;

namespace ConcertDapr.Reservation;

/// <summary>Generated JSON of this service's bodies.</summary>
[JsonSerializable(typeof(HoldRequest))]
[JsonSerializable(typeof(ReservationResponse))]
[JsonSerializable(typeof(ReservationResponse[]))]
[JsonSerializable(typeof(ReservationCheck))]
[JsonSerializable(typeof(ConfirmRequest))]
[JsonSerializable(typeof(ReleaseRequest))]
[JsonSerializable(typeof(StepResult))]
internal sealed partial class ReservationJson : JsonSerializerContext;
