using System.Text.Json.Serialization;
using ConcertDapr.Contracts;

namespace ConcertDapr.Payment;

/// <summary>Generated JSON of this service's bodies.</summary>
[JsonSerializable(typeof(PaymentRequest))]
[JsonSerializable(typeof(PaymentResponse))]
[JsonSerializable(typeof(ReservationCheck))]
[JsonSerializable(typeof(StepResult))]
internal sealed partial class PaymentJson : JsonSerializerContext;
