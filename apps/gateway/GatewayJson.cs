using System.Text.Json.Serialization;
using ConcertDapr.Contracts;
using ConcertDapr.Gateway.Compat;

namespace ConcertDapr.Gateway;

/// <summary>Generated JSON of this service's bodies.</summary>
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(VerifyPasswordRequest))]
[JsonSerializable(typeof(AccountResponse))]
[JsonSerializable(typeof(QueueAdvanced))]
[JsonSerializable(typeof(RootEnvelope<object>))]
[JsonSerializable(typeof(RootEnvelope<RootToken>))]
[JsonSerializable(typeof(RootEnvelope<string[]>))]
[JsonSerializable(typeof(RootEnvelope<RootSeat[]>))]
[JsonSerializable(typeof(RootEnvelope<RootReservation>))]
[JsonSerializable(typeof(RootEnvelope<RootPayment>))]
[JsonSerializable(typeof(RootEnvelope<RootBalance>))]
[JsonSerializable(typeof(V1Envelope<object>))]
[JsonSerializable(typeof(V1Envelope<V1Token>))]
[JsonSerializable(typeof(V1Envelope<V1Balance>))]
[JsonSerializable(typeof(V1Envelope<V1Reservation>))]
[JsonSerializable(typeof(V1Envelope<V1Reservation[]>))]
[JsonSerializable(typeof(V1Envelope<V1Payment>))]
internal sealed partial class GatewayJson : JsonSerializerContext;
