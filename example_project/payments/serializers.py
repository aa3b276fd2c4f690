"""What goes in and comes out of the API."""

from rest_framework import serializers

from .models import Account, Transfer, TransferItem


class AccountSerializer(serializers.ModelSerializer):
    class Meta:
        model = Account
        fields = ["number", "currency", "balance"]


class AccountField(serializers.SlugRelatedField):
    default_error_messages = {"does_not_exist": "There is no such account."}

    def __init__(self, **kwargs):
        super().__init__(slug_field="number", **kwargs)

    def get_queryset(self):
        return Account.objects.all()


class OwnAccountField(AccountField):
    """An account of somebody else looks as if it did not exist."""

    def get_queryset(self):
        return Account.objects.filter(owner=self.context["request"].user)


class ItemSerializer(serializers.ModelSerializer):
    class Meta:
        model = TransferItem
        fields = ["description", "amount"]


class TransferSerializer(serializers.ModelSerializer):
    source = OwnAccountField()
    target = AccountField()
    items = ItemSerializer(many=True, allow_empty=False, max_length=100)

    class Meta:
        model = Transfer
        fields = ["id", "source", "target", "reference", "items", "total", "receipt_sha256", "created_at"]
        read_only_fields = ["total", "receipt_sha256"]

    def validate(self, attrs):
        source, target = attrs["source"], attrs["target"]
        if source == target:
            raise serializers.ValidationError({"target": "Money cannot be sent to the account it comes from."})
        if source.currency != target.currency:
            raise serializers.ValidationError(f"The accounts hold {source.currency} and {target.currency}.")
        return attrs


class ReceiptSerializer(serializers.Serializer):
    file = serializers.FileField(allow_empty_file=False, max_length=100)


class SettlementSerializer(serializers.Serializer):
    reference = serializers.CharField(max_length=35)


class PayeeSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="owner.get_full_name")

    class Meta:
        model = Account
        fields = ["number", "name"]
