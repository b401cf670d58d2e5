using System.Text.Json.Serialization;
using ConcertDapr.Contracts;

namespace ConcertDapr.Queue;

/// <summary>Generated JSON of this service's bodies.</summary>
[JsonSerializable(typeof(QueueTokenResponse))]
[JsonSerializable(typeof(HousePlace))]
[JsonSerializable(typeof(EnterRequest))]
[JsonSerializable(typeof(EnterResponse))]
[JsonSerializable(typeof(QueueFigures))]
[JsonSerializable(typeof(QueueAdvanced))]
[JsonSerializable(typeof(PaymentEvent))]
internal sealed partial class QueueJson : JsonSerializerContext;
